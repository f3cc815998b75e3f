"""The agent's Unix socket: people's commands run as the agent's user, in the name of who connected (docs/adr/0010)."""
