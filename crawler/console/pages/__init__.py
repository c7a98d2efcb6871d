"""Pages for people: one module for each place of the address. They show what `console.shown` and the repository say, and decide nothing."""
