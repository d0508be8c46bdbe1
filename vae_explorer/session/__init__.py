"""The memory of the app: verbs in, signals out. Threads live here, widgets do not."""
