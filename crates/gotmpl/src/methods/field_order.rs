//! In which order generated `String` methods show fields: that of the protobuf numbers in the API's struct tags
//! (k8s.io/api v0.37). Only structs that are declared in another order have a row.

use pillion_govalue::Field;

/// The fields in the order of their numbers.
pub(super) fn by_number(type_name: &str, fields: &'static [Field]) -> Vec<&'static Field> {
    match ORDER.iter().find(|(name, _)| *name == type_name) {
        None => fields.iter().collect(),
        Some((_, names)) => names.iter().filter_map(|n| fields.iter().find(|f| f.go == *n)).collect(),
    }
}

#[rustfmt::skip]
const ORDER: &[(&str, &[&str])] = &[
    ("v1.ClusterTrustBundleProjection", &[
        "Name", "SignerName", "LabelSelector", "Path", "Optional", "User",
    ]),
    ("v1.Container", &[
        "Name", "Image", "Command", "Args", "WorkingDir", "Ports", "Env", "Resources",
        "VolumeMounts", "LivenessProbe", "ReadinessProbe", "Lifecycle", "TerminationMessagePath",
        "ImagePullPolicy", "SecurityContext", "Stdin", "StdinOnce", "TTY", "EnvFrom",
        "TerminationMessagePolicy", "VolumeDevices", "StartupProbe", "ResizePolicy",
        "RestartPolicy", "RestartPolicyRules",
    ]),
    ("v1.EphemeralContainerCommon", &[
        "Name", "Image", "Command", "Args", "WorkingDir", "Ports", "Env", "Resources",
        "VolumeMounts", "LivenessProbe", "ReadinessProbe", "Lifecycle", "TerminationMessagePath",
        "ImagePullPolicy", "SecurityContext", "Stdin", "StdinOnce", "TTY", "EnvFrom",
        "TerminationMessagePolicy", "VolumeDevices", "StartupProbe", "ResizePolicy",
        "RestartPolicy", "RestartPolicyRules",
    ]),
    ("v1.ISCSIVolumeSource", &[
        "TargetPortal", "IQN", "Lun", "ISCSIInterface", "FSType", "ReadOnly", "Portals",
        "DiscoveryCHAPAuth", "SecretRef", "SessionCHAPAuth", "InitiatorName",
    ]),
    ("v1.OwnerReference", &[
        "Kind", "Name", "UID", "APIVersion", "Controller", "BlockOwnerDeletion",
    ]),
    ("v1.PersistentVolumeClaimSpec", &[
        "AccessModes", "Resources", "VolumeName", "Selector", "StorageClassName", "VolumeMode",
        "DataSource", "DataSourceRef", "VolumeAttributesClassName",
    ]),
    ("v1.PodCondition", &[
        "Type", "Status", "LastProbeTime", "LastTransitionTime", "Reason", "Message",
        "ObservedGeneration",
    ]),
    ("v1.PodSecurityContext", &[
        "SELinuxOptions", "RunAsUser", "RunAsNonRoot", "SupplementalGroups", "FSGroup",
        "RunAsGroup", "Sysctls", "WindowsOptions", "FSGroupChangePolicy", "SeccompProfile",
        "AppArmorProfile", "SupplementalGroupsPolicy", "SELinuxChangePolicy",
    ]),
    ("v1.PodSpec", &[
        "Volumes", "Containers", "RestartPolicy", "TerminationGracePeriodSeconds",
        "ActiveDeadlineSeconds", "DNSPolicy", "NodeSelector", "ServiceAccountName",
        "DeprecatedServiceAccount", "NodeName", "HostNetwork", "HostPID", "HostIPC",
        "SecurityContext", "ImagePullSecrets", "Hostname", "Subdomain", "Affinity", "SchedulerName",
        "InitContainers", "AutomountServiceAccountToken", "Tolerations", "HostAliases",
        "PriorityClassName", "Priority", "DNSConfig", "ShareProcessNamespace", "ReadinessGates",
        "RuntimeClassName", "EnableServiceLinks", "PreemptionPolicy", "Overhead",
        "TopologySpreadConstraints", "EphemeralContainers", "SetHostnameAsFQDN", "OS", "HostUsers",
        "SchedulingGates", "ResourceClaims", "Resources", "HostnameOverride", "SchedulingGroup",
        "EvictionResponders",
    ]),
    ("v1.PodStatus", &[
        "Phase", "Conditions", "Message", "Reason", "HostIP", "PodIP", "StartTime",
        "ContainerStatuses", "QOSClass", "InitContainerStatuses", "NominatedNodeName", "PodIPs",
        "EphemeralContainerStatuses", "Resize", "ResourceClaimStatuses", "HostIPs",
        "ObservedGeneration", "ExtendedResourceClaimStatus", "AllocatedResources", "Resources",
        "NodeAllocatableResourceClaimStatuses", "VolumeHealth",
    ]),
    ("v1.SecurityContext", &[
        "Capabilities", "Privileged", "SELinuxOptions", "RunAsUser", "RunAsNonRoot",
        "ReadOnlyRootFilesystem", "AllowPrivilegeEscalation", "RunAsGroup", "ProcMount",
        "WindowsOptions", "SeccompProfile", "AppArmorProfile",
    ]),
    ("v1.VolumeMount", &[
        "Name", "ReadOnly", "MountPath", "SubPath", "MountPropagation", "SubPathExpr",
        "RecursiveReadOnly", "BindMountOptions",
    ]),
    ("v1.VolumeSource", &[
        "HostPath", "EmptyDir", "GCEPersistentDisk", "AWSElasticBlockStore", "GitRepo", "Secret",
        "NFS", "ISCSI", "Glusterfs", "PersistentVolumeClaim", "RBD", "FlexVolume", "Cinder",
        "CephFS", "Flocker", "DownwardAPI", "FC", "AzureFile", "ConfigMap", "VsphereVolume",
        "Quobyte", "AzureDisk", "PhotonPersistentDisk", "PortworxVolume", "ScaleIO", "Projected",
        "StorageOS", "CSI", "Ephemeral", "Image",
    ]),
];
