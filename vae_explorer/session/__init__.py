"""The application's state: methods change it, signals report it. Threads live here, widgets do not."""
