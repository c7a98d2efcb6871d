"""`/api/v1`: one module for each noun. What is sent is made in `console.shown`, so that pages, feeds and exports say the same."""
