//! sprig's functions.
