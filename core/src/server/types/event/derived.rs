//! Events that the server does not send, read from those it does.

use super::props::{ToolCompletedProps, ToolErrorProps, ToolRunningProps};
use super::{Event, Props};
use crate::server::types::part::Part;
use crate::server::types::tool::ToolState;

impl Event {
    /// What this event says beyond itself: a `message.part.updated` whose part is a tool call says
    /// that the call runs, has ended or has failed.
    pub fn derived(&self) -> Option<Self> {
        let Self::MessagePartUpdated { props: source } = self else { return None };
        let Part::Tool { tool: call } = &source.part else { return None };
        macro_rules! derive {
            ($variant:ident, $props:ident { $($field:ident: $value:expr),* $(,)? }) => {
                Self::$variant {
                    props: Props {
                        event_id: source.event_id.clone(),
                        directory: source.directory.clone(),
                        ..Props::new($props {
                            session_id: source.session_id.clone(),
                            message_id: call.message_id.clone(),
                            part_id: call.id.clone(),
                            tool_id: call.call_id.clone(),
                            tool: call.tool.clone(),
                            $($field: $value.clone(),)*
                        })
                    },
                }
            };
        }
        match &call.state {
            ToolState::Running(state) => Some(derive!(
                ToolStateRunning,
                ToolRunningProps {
                    input: state.input,
                    title: state.title,
                    metadata: state.metadata,
                    time: state.time,
                }
            )),
            ToolState::Completed(state) => Some(derive!(
                ToolStateCompleted,
                ToolCompletedProps {
                    input: state.input,
                    output: state.output,
                    title: state.title,
                    metadata: state.metadata,
                    time: state.time,
                }
            )),
            ToolState::Error(state) => Some(derive!(
                ToolStateError,
                ToolErrorProps {
                    input: state.input,
                    error: state.error,
                    metadata: state.metadata,
                    time: state.time,
                }
            )),
            ToolState::Pending(_) | ToolState::Unknown { .. } => None,
        }
    }
}
