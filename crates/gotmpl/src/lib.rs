//! Go's text/template with sprig's functions, over Go-typed values.
