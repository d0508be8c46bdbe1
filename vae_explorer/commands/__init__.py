"""The commands, one file each; the command line imports only the one that is used."""
