"""`tidemill serve`: requests over HTTP answered with a model.

run            the server started and stopped
app            the web application (FastAPI)
connections    headers that have to arrive in time, and connections of one address
hosts          names by which the service may be asked for
model_process  the model in a process of its own, ended where a request takes too long
model_worker   what that process runs
frames         what passes between the two
answers        a request's body read, checked and predicted
document_answers  documents of a request answered with the facts in them
request_rows   the body of a request read and checked
request_queue  one request at a time, each within its time limit
lineage        where the model comes from: commit, batches, label model, backbone
settings       ServiceSettings
"""
