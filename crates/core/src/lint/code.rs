//! [`Code`]: what can be wrong with an injected pod, as one table: a stable name, how bad it is, what it means, what to
//! do. The command line, the webhooks and the documentation read it. Never: finding it (see `containers`, `pods`).

use std::fmt;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The pod starts, and something of it will surprise.
    Warning,
    /// An API server refuses the pod, or it never starts, or its traffic goes elsewhere.
    Error,
}

impl Severity {
    /// The name in outputs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

struct Row {
    code: Code,
    severity: Severity,
    name: &'static str,
    sentence: &'static str,
    hint: &'static str,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $code:ident, $severity:ident, $name:literal, $hint:literal;)+) => {
        /// What is wrong with an injected pod.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[doc = $doc])+ $code,)+ }

        const TABLE: &[Row] = &[$(Row {
            code: Code::$code,
            severity: Severity::$severity,
            name: $name,
            sentence: concat!($($doc),+).trim_ascii(),
            hint: $hint,
        },)+];

        impl Code {
            /// Every code there is, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$code,)+];
        }
    };
}

codes! {
    /// A container may use less of a resource than it asks for.
    LimitBelowRequest, Error, "limit_below_request", "Raise the limit, or lower the request.";
    /// Two containers of the pod have the same name.
    DuplicateContainer, Error, "duplicate_container", "Rename the container in the template or in the workload.";
    /// Two volumes of the pod have the same name.
    DuplicateVolume, Error, "duplicate_volume", "Rename the volume in the template or in the workload.";
    /// A container mounts two volumes at the same path.
    DuplicateMount, Error, "duplicate_mount", "Mount one of them elsewhere.";
    /// Two ports of a container have the same name.
    DuplicatePortName, Error, "duplicate_port_name", "Rename one of the ports.";
    /// Two containers that run at the same time listen on the same port.
    PortTaken, Error, "port_taken", "Let the application or the sidecar listen on another port.";
    /// The application listens on a port that the sidecar needs.
    PortReserved, Warning, "port_reserved", "Let the application listen on another port.";
    /// A port that cannot be one: its number or its name.
    BadPort, Error, "bad_port", "Numbers go from 1 to 65535; names have 15 of a-z, 0-9 and single - at most, one letter at least.";
    /// A container of the application runs as the sidecar's user, so that its traffic is not redirected.
    UidTaken, Error, "uid_taken", "Run the container as another user.";
    /// A container still has the image `auto`, which only an injection replaces.
    ImageAuto, Error, "image_auto", "Let the pod be injected by a template that sets this container's image, or name an image.";
    /// A container has no image.
    ImageMissing, Error, "image_missing", "Set the image in the template, or in the workload.";
    /// A container mounts a volume that the pod does not have.
    VolumeMissing, Error, "volume_missing", "Add the volume to the template, or remove the mount.";
    /// A volume has several sources: the template's and the workload's became one.
    VolumeSources, Error, "volume_sources", "Rename the workload's volume; the name is the template's.";
    /// A name that no API server takes.
    BadName, Error, "bad_name", "Names have 63 of a-z, 0-9 and - at most, and begin and end with a letter or digit.";
    /// A label that no API server takes.
    BadLabel, Error, "bad_label", "Values of labels have 63 characters at most, of letters, digits, -, _ and .";
    /// The annotations are longer than an API server takes.
    AnnotationsTooLong, Error, "annotations_too_long", "All annotations have 262144 bytes together at most.";
    /// A variable without a name, or with a value and a source.
    BadEnv, Error, "bad_env", "Correct the variable; a template and the workload may have set it both.";
    /// A probe or hook with none or several of exec, httpGet, tcpSocket and grpc.
    BadHandler, Error, "bad_handler", "Leave one; where workload and template each have one, set it in one place.";
    /// A probe names a port that its container does not have.
    ProbePort, Warning, "probe_port", "Name a port of the container.";
    /// An init container that ends has a probe or a hook.
    InitProbe, Error, "init_probe", "Only init containers with restartPolicy Always may have probes and hooks.";
    /// A container must not run as root and is told to.
    RootRefused, Error, "root_refused", "Set runAsNonRoot: false for this container, or another runAsUser.";
    /// A container is privileged and may not gain privileges.
    PrivilegedEscalation, Error, "privileged_escalation", "Set allowPrivilegeEscalation: true, or privileged: false.";
    /// A field has a word that Kubernetes does not know there.
    BadWord, Error, "bad_word", "Use one of the words that the message names.";
    /// The pod has no containers.
    NoContainers, Error, "no_containers", "Add one to the template, or to the workload.";
}

impl Code {
    fn row(self) -> &'static Row {
        // The table is made by the same macro as the enum, in the same order; a test holds it.
        &TABLE[self as usize]
    }

    /// Stable name in snake case.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The code of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.name == name).map(|row| row.code)
    }

    /// How bad it is.
    #[must_use]
    pub fn severity(self) -> Severity {
        self.row().severity
    }

    /// What it means, in one English sentence.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        self.row().sentence
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(self) -> &'static str {
        self.row().hint
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_code_has_its_own_row_and_name_and_says_what_to_do() {
        for &code in Code::ALL {
            assert_eq!((code.row().code, Code::from_name(code.name())), (code, Some(code)));
            assert!(code.sentence().ends_with('.') && code.hint().ends_with('.'), "{code:?}");
            assert!(code.name().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{code:?}");
        }
        let names: BTreeSet<_> = Code::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), Code::ALL.len());
    }
}
