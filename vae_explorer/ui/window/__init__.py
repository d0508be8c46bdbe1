"""The frame around the panels: menus, title bar, tabs, errors. Only it knows every panel."""
