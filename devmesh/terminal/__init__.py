"""The roof towards a terminal: the `devmesh` command. Parses, asks and prints; decides nothing."""
