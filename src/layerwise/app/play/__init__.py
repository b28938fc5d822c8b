"""The page: layerwise in a browser, served from this machine, written as a site of files, or shown in a notebook.

opening.py    what the page opens first: a model, a table, a picture, a network; and start.json, which says so
contents.py   the files of the page: the built site, start.json, and data that are made when they are asked for
server.py     the addresses of the local server, and who may ask for them
running.py    the server at work: a free port, the browser, Ctrl-C
protocol.py   messages between the page and Python: JSON and arrays in one frame
connection.py one page at the other end of a WebSocket or of a notebook's channel
session.py    one network in training, and training.py, the fit behind it
catalogue.py  what the page knows of Python's parts, written to page/src/generated
static.py     the page as a folder of plain files
widget.py     the page in a notebook
jupyter.py    an entry in JupyterLab's launcher
"""
