"""What reacts in the browser itself, without asking the server: each a Vue component with its Python side."""
