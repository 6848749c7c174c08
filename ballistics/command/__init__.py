"""Parts of the command line: options, exit codes, tables, the demonstration. The way in is `ballistics.cli`."""
