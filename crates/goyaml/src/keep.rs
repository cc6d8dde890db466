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
        match known(text.as_bytes()) {
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

/// The same text, if it is one of [`KEYS`].
pub(crate) fn known(text: &[u8]) -> Option<&'static str> {
    let at = *PLACES.get(place(text)?)?;
    KEYS.get(usize::from(at)).copied().filter(|key| key.as_bytes() == text)
}

/// Where in [`PLACES`] a key is looked for: no two of [`KEYS`] have one place. `None` for a text longer than they are.
const fn place(text: &[u8]) -> Option<usize> {
    let length = text.len();
    if length < 3 || length > LONGEST {
        return None;
    }
    let (first, middle, last) = (text[0] as usize, text[length / 2] as usize, text[length - 1] as usize);
    // Found by trying; that it tells all keys apart is checked when `PLACES` is made.
    Some((first * 82 + middle * 203 + last * 217 + length * 149) % SIZE)
}

const LONGEST: usize = 24;
const SIZE: usize = 256;

/// For each place the number of its key. Where there is none, any: the texts are compared.
const PLACES: [u8; SIZE] = {
    let mut places = [0; SIZE];
    let mut taken = [false; SIZE];
    let mut at = 0;
    while at < KEYS.len() {
        let Some(place) = place(KEYS[at].as_bytes()) else { panic!("a key is too long or too short") };
        assert!(!taken[place], "two keys have one place");
        taken[place] = true;
        places[place] = at as u8;
        at += 1;
    }
    places
};

/// Keys that pods and Istio's templates have many of.
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
    fn known_keys_are_found_and_not_copied() {
        assert!(KEYS.iter().all(|key| known(key.as_bytes()) == Some(key)));
        assert!(matches!(Copied.key(Cow::Borrowed("mountPath")), Str::Borrowed("mountPath")));
        assert!(matches!(Copied.key(Cow::Borrowed("other")), Str::Shared(_)));
    }
}
