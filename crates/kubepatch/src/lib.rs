//! Strategic merge as Kubernetes does it, and a JSON Patch diff that knows lists.
