"""An invented provider, as a newcomer would add it: a folder for pixels/providers, and one for the sandbox."""
