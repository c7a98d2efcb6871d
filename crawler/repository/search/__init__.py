"""Full text: a question (`question`) → what the index and SQL decide (`plan`) → rows that fit (`matches`) → an answer (`find`).

`index` writes what is found; `facts` decides what tokens cannot. No statement here knows which command, page or address asks.
"""
