"""The menus, the sheet of keys and symbols that is made from them, and what the program says of itself."""
