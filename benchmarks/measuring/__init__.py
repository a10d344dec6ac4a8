"""The parts of `./run bench meter`: each measures one thing, and prints a Markdown section when it is run alone."""
