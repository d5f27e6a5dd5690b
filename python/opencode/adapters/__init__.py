"""Sessions of ours as the memory of other frameworks, each module for one of them.

``opencode.adapters.openai_agents`` for the OpenAI Agents SDK, ``opencode.adapters.langchain`` for
LangChain. The framework is not installed with this package but by the extra of its name:
``pip install 'opencode-sessions[openai-agents]'`` or ``'opencode-sessions[langchain]'``.
"""
