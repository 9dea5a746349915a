"""The roof towards notebooks: magics, completion, and the rows of live panels. Parses, asks, shows; decides nothing."""
