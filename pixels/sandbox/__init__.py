"""The sandbox: stand-ins for the three remote pixel APIs, which offer no public one, over real HTTP.

Written from the providers' documents alone. It imports nothing else of this project and keeps its own
state file, so that where a client has misread a document, the two disagree and a test shows it.
What the documents leave open is one constant each, marked `# inferred` with the reason.
"""
