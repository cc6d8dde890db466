#: about Prints the divider between documents.
---
