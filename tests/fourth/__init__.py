"""An invented provider, as a newcomer would add it: a folder for pixels/providers and a twin for the sandbox."""
