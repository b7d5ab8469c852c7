"""From a folder of exports to a company: `tenure map` and `tenure check`."""
