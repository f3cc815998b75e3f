"""The terminal UI: screens over `agent.operations`; long works are child processes of the command line itself."""
