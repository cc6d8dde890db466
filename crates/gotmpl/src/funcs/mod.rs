//! Functions: how they are declared, and the sets that templates are compiled against.
//!
//! A function is a row of a table: name, parameter types, a plain `fn`. The engine checks the number of arguments
//! and coerces each to its parameter's type exactly as Go's `text/template` does, so a function sees only what
//! its row admits. The set is open: the host adds its own tables, and a later row replaces an earlier one of the
//! same name. Never: evaluating arguments (exec does).

pub(crate) mod builtin;
mod cx;
pub mod sprig;

use std::collections::HashMap;
use std::fmt;

use pillion_govalue::TypeRef;
use pillion_govalue::types::{KNOWN, named};

pub(crate) use cx::TOO_DEEP;
pub use cx::{Cx, Env};

use crate::value::Val;

/// The code of a function. The arguments are as many and of the types that its row says; those of a variadic
/// parameter follow the fixed ones.
pub type Run = for<'v> fn(&Cx<'v>, &[Val<'v>]) -> Result<Val<'v>, Fault>;

/// A function as a template knows it.
#[derive(Clone, Copy)]
pub struct Function {
    /// Its name in templates.
    pub name: &'static str,
    /// The fixed parameters.
    pub params: &'static [Param],
    /// The parameter that takes any number of further arguments.
    pub variadic: Option<Param>,
    /// What it does besides giving a value.
    pub effect: Effect,
    /// For a function that reads nothing of its first argument but the entry that its second one names: the fields
    /// that lead from the argument to the map.
    pub lookup: Option<&'static [&'static str]>,
    /// Its code.
    pub run: Run,
}

/// What a function does that the engine has to know when it compiles a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The same arguments give the same value, and nothing else happens.
    Pure,
    /// Writes into a map it is given. A template with such a function works on its own copy of the data's
    /// `map[string]any` values, so that what it writes is seen within this rendering and never after it.
    Mutates,
    /// Reads what the host lends besides the clock (its settings, its time zone): the value is that of one rendering.
    Lent,
    /// Asks the clock: the rendering must not be remembered.
    Clock,
}

/// A parameter's Go type, which decides what may be passed and how it is coerced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Param {
    /// `any`: gets everything; nothing at all arrives as [`Val::Nil`] of `interface {}`.
    Any,
    /// `reflect.Value`: as [`Param::Any`], but nothing at all arrives as [`Val::Invalid`], and only an interface
    /// that is nil as [`Val::Nil`].
    Value,
    /// `string`: arrives as [`Val::Str`].
    Str,
    /// `bool`: arrives as [`Val::Bool`].
    Bool,
    /// `int`: arrives as [`Val::Int`].
    Int,
    /// `int64`: arrives as [`Val::Int`].
    Int64,
    /// `float64`: arrives as [`Val::Float`].
    Float,
    /// `[]any`: arrives as something with [`Val::items`], possibly nil.
    List,
    /// `[]string`: the same.
    StrList,
    /// `map[string]any`: arrives as something with [`Val::entries`], possibly nil.
    Dict,
    /// `map[string]string`: the same.
    StrMap,
    /// Any other type of the table, by Go's name (`v1.ObjectMeta`, `*durationpb.Duration`); one pointer more or
    /// less is bridged as Go does.
    Named(&'static str),
    /// A type that only objects have, by Go's name (`time.Time`).
    Object(&'static str),
    /// `protoreflect.ProtoMessage`: a pointer to a message, or nil.
    Message,
}

impl Param {
    /// The row of the type table, for those that have one.
    #[must_use]
    pub fn ty(self) -> Option<TypeRef> {
        Some(match self {
            Self::Any => KNOWN.any,
            Self::Str => KNOWN.string,
            Self::Bool => KNOWN.bool,
            Self::Int => KNOWN.int,
            Self::Int64 => KNOWN.int64,
            Self::Float => KNOWN.float64,
            Self::List => KNOWN.list_any,
            Self::StrList => KNOWN.list_string,
            Self::Dict => KNOWN.map_any,
            Self::StrMap => KNOWN.map_string,
            Self::Named(name) => return named(name),
            Self::Value | Self::Object(_) | Self::Message => return None,
        })
    }

    /// Go's name of the type, for messages.
    #[must_use]
    pub fn type_name(self) -> &'static str {
        match self {
            Self::Named(name) | Self::Object(name) => name,
            Self::Value => "reflect.Value",
            Self::Message => "protoreflect.ProtoMessage",
            _ => self.ty().map_or("", |ty| ty.name()),
        }
    }
}

impl Function {
    /// A function of fixed arity.
    #[must_use]
    pub const fn new(name: &'static str, params: &'static [Param], run: Run) -> Self {
        Self { name, params, variadic: None, effect: Effect::Pure, lookup: None, run }
    }

    /// A function whose last parameter takes any number of arguments.
    #[must_use]
    pub const fn variadic(name: &'static str, params: &'static [Param], rest: Param, run: Run) -> Self {
        Self { name, params, variadic: Some(rest), effect: Effect::Pure, lookup: None, run }
    }

    /// The same function with another effect.
    #[must_use]
    pub const fn with(mut self, effect: Effect) -> Self {
        self.effect = effect;
        self
    }

    /// The same function, which reads of its first argument only the entry that the second names; see
    /// [`Function::lookup`].
    #[must_use]
    pub const fn looking_up(mut self, fields: &'static [&'static str]) -> Self {
        self.lookup = Some(fields);
        self
    }

    /// The same function under another name.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function")
            .field("name", &self.name)
            .field("params", &self.params)
            .finish_non_exhaustive()
    }
}

/// What a name in a template stands for.
#[derive(Clone, Copy, Debug)]
pub enum Entry {
    /// A function.
    Function(Function),
    /// A function that Go's side has and this one refuses when a template that names it is loaded; the text is
    /// the reason, told to the user.
    Refused(&'static str),
}

/// The functions a template may call, by name.
#[derive(Clone, Debug, Default)]
pub struct FunctionSet {
    entries: HashMap<&'static str, Entry>,
}

impl FunctionSet {
    /// Only Go's own builtins, which the engine always knows.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the rows of a table; one with a name that is there already replaces it.
    #[must_use]
    pub fn with(mut self, table: &[Function]) -> Self {
        self.entries.extend(table.iter().map(|f| (f.name, Entry::Function(*f))));
        self
    }

    /// Adds names that are refused at load, each with the reason.
    #[must_use]
    pub fn refusing(mut self, table: &[(&'static str, &'static str)]) -> Self {
        self.entries.extend(table.iter().map(|&(name, why)| (name, Entry::Refused(why))));
        self
    }

    /// What `name` stands for.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name)
    }

    /// All names, in no order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.entries.keys().copied()
    }
}

/// Why a function failed. The engine puts `error calling NAME: ` and the position before the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The function's own complaint, in Go's words where Go has some.
    Failed(String),
    /// A limit of the rendering was reached.
    Limit(&'static str),
}

impl Fault {
    /// A complaint.
    pub fn new(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }

    /// What Go's recovered panic says when a nil is used as if it were something.
    #[must_use]
    pub fn nil_dereference() -> Self {
        Self::new("runtime error: invalid memory address or nil pointer dereference")
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(message) => f.write_str(message),
            Self::Limit(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Fault {}
