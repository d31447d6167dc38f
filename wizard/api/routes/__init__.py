"""One module for each group of addresses. A route reads, asks the node, and answers plain JSON."""
