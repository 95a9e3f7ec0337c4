"""Doors to other people's things: a small room each, which imports what it needs on use and which nothing imports."""
