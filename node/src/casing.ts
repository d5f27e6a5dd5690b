/** Names as JavaScript writes them, and as the core does. */

/** Those met before: there are few, and some are in every record of a list. */
const known = new Map<string, string>();

/** `session_id` as `sessionId`. */
export function camel(name: string): string {
    let made = known.get(name);
    if (made === undefined) {
        made = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
        known.set(name, made);
    }
    return made;
}

/** `sessionId` as `session_id`. */
export function snake(name: string): string {
    return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** What the core's messages and hints speak of: arguments and calls. */
const SPOKEN_OF =
    "abort_or_err all_projects api_key auto_save_interval base_url cleanup_ephemeral " +
    "connect_timeout context_window delete_part diff_message dry_run get_context_usage " +
    "get_instance handler_timeout index_content initial_prompt list_sessions max_age_days " +
    "max_concurrent max_tokens max_turns message_id next_cursor older_than older_than_days " +
    "on_conflict on_permission on_question parallel_tools parent_id part_id prompt_async " +
    "prune_context prune_strategy prune_threshold read_idle_timeout recover_from_backup " +
    "replace_metadata request_id reset_instance retry_after run_simple_text run_text session_id " +
    "sort_by stop_sequences summary_model system_prompt tool_errors tool_timeout update_part " +
    "wait_idle working_dir";

/** Or what is in quotes: that is what the core was given, or the name of a file's field. */
const NAMES = new RegExp(
    `"(?:[^"\\\\]|\\\\.)*"|\`[^\`]*\`|(?<![\\w/-])(?:${SPOKEN_OF.replaceAll(" ", "|")})(?![\\w/-])`,
    "g",
);

/** What the core says, with arguments under their names here. */
export function reworded(text: string): string {
    const option = text.replace(/^no option "\w+"/, camel);
    return option.replace(NAMES, (found) => (/^["`]/.test(found) ? found : camel(found)));
}
