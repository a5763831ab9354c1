"""The sandbox: stand-ins for the three providers' APIs, which have no public test systems, over real HTTP.

Written from the providers' documents alone. It imports nothing else of this project and keeps its own state file, so
that where a client has misread a document, the two disagree and a test shows it. Where the documents leave something
open, the choice is a constant marked `# inferred`, with the reason.
"""
