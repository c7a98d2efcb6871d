"""What is asked over HTTP: the API for programs and the pages for people, both of what the repository answers. Readers never write here;
nothing of an archived page is served as it is on the console's own origin, and no rule of the archive is decided here."""
