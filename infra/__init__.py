"""How netlift is deployed, in the cloud and on this machine."""
