"""What machines do: push our changes out, pull theirs in, and say what differs."""
