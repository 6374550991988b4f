"""Kinds of files, told apart and opened by the library that knows each best."""
