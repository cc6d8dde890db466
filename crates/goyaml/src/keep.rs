//! How strings get from a text into its value: copied so that the value outlives the text, or borrowed.

use std::borrow::Cow;
use std::sync::Arc;

use pillion_govalue::Str;

use crate::compose::Keep;

/// Copies. Keys that every pod has cost nothing.
pub(crate) struct Copied;

/// Borrows where the text has the string as it is.
pub(crate) struct Borrowed;

impl<'t> Keep<'t, 'static> for Copied {
    fn text(&mut self, text: Cow<'t, str>) -> Str<'static> {
        Str::Shared(Arc::from(text.as_ref()))
    }

    fn key(&mut self, text: Cow<'t, str>) -> Str<'static> {
        match KEYS.binary_search(&text.as_ref()).ok().and_then(|at| KEYS.get(at)) {
            Some(known) => Str::Borrowed(known),
            None => self.text(text),
        }
    }
}

impl<'t> Keep<'t, 't> for Borrowed {
    fn text(&mut self, text: Cow<'t, str>) -> Str<'t> {
        match text {
            Cow::Borrowed(text) => Str::Borrowed(text),
            Cow::Owned(text) => Str::from(text),
        }
    }

    fn key(&mut self, text: Cow<'t, str>) -> Str<'t> {
        self.text(text)
    }
}

/// Keys that pods and Istio's templates have many of, sorted.
const KEYS: [&str; 60] = [
    "allowPrivilegeEscalation",
    "annotations",
    "apiVersion",
    "args",
    "capabilities",
    "configMap",
    "containerPort",
    "containers",
    "cpu",
    "defaultMode",
    "drop",
    "emptyDir",
    "env",
    "expirationSeconds",
    "failureThreshold",
    "fieldPath",
    "fieldRef",
    "fsGroup",
    "httpGet",
    "image",
    "imagePullPolicy",
    "imagePullSecrets",
    "initContainers",
    "initialDelaySeconds",
    "items",
    "key",
    "kind",
    "labels",
    "lifecycle",
    "limits",
    "medium",
    "memory",
    "metadata",
    "mountPath",
    "name",
    "namespace",
    "optional",
    "path",
    "periodSeconds",
    "port",
    "ports",
    "privileged",
    "projected",
    "protocol",
    "readOnly",
    "readOnlyRootFilesystem",
    "readinessProbe",
    "requests",
    "resources",
    "runAsGroup",
    "runAsNonRoot",
    "runAsUser",
    "secretName",
    "securityContext",
    "sources",
    "spec",
    "timeoutSeconds",
    "value",
    "valueFrom",
    "volumeMounts",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_keys_are_sorted_and_not_copied() {
        assert!(KEYS.is_sorted());
        assert!(matches!(Copied.key(Cow::Borrowed("mountPath")), Str::Borrowed("mountPath")));
        assert!(matches!(Copied.key(Cow::Borrowed("other")), Str::Shared(_)));
    }
}
