"""The newest intervals of every series, and the blocks of many intervals before them. No I/O."""
