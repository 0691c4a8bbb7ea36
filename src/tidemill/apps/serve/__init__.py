"""`tidemill serve`: requests over HTTP answered with a model.

run            the server started and stopped
app            the web application (FastAPI) around the queue
request_rows   the body of a request read and checked
request_queue  one request at a time, each within its time limit
lineage        where the model comes from: commit, batches, label model, backbone
settings       ServiceSettings
"""
