//! Values as JSON that restore the same bits, so that a process that reads them computes the same
//! results as the one that wrote them.

use serde_json::{Map, Value, json};

/// Something that JSON can hold exactly.
pub(crate) trait Exact: Sized {
    /// The value as JSON.
    fn to_json(&self) -> Value;
    /// Reads from JSON; `None` if that is invalid.
    fn from_json(value: &Value) -> Option<Self>;
}

impl Exact for f64 {
    /// JSON has no NaN and no infinity.
    fn to_json(&self) -> Value {
        if self.is_finite() {
            json!(self)
        } else {
            json!(self.to_string())
        }
    }
    fn from_json(value: &Value) -> Option<Self> {
        value.as_f64().or_else(|| value.as_str()?.parse().ok())
    }
}

macro_rules! as_it_is {
    ($($type:ty: $read:ident),*) => {$(
        impl Exact for $type {
            fn to_json(&self) -> Value {
                json!(self)
            }
            fn from_json(value: &Value) -> Option<Self> {
                value.$read()?.try_into().ok()
            }
        }
    )*};
}
as_it_is!(u64: as_u64, usize: as_u64, bool: as_bool, String: as_str);

impl<T: Exact> Exact for Vec<T> {
    fn to_json(&self) -> Value {
        self.iter().map(T::to_json).collect()
    }
    fn from_json(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(T::from_json).collect()
    }
}

impl<T: Exact, const N: usize> Exact for [T; N] {
    fn to_json(&self) -> Value {
        self.iter().map(T::to_json).collect()
    }
    fn from_json(value: &Value) -> Option<Self> {
        Vec::from_json(value)?.try_into().ok()
    }
}

impl<T: Exact> Exact for Option<T> {
    fn to_json(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::to_json)
    }
    fn from_json(value: &Value) -> Option<Self> {
        if value.is_null() {
            Some(None)
        } else {
            T::from_json(value).map(Some)
        }
    }
}

/// A member of an object. One that is not there was not known to the version that wrote it: the
/// object is invalid.
pub(crate) fn member<T: Exact>(of: &Value, name: &str) -> Option<T> {
    T::from_json(of.as_object()?.get(name)?)
}

/// An object of members.
pub(crate) fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Object(
        members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect::<Map<_, _>>(),
    )
}

/// A struct by its fields: all of them, so that a new one is noticed.
macro_rules! exact {
    ($type:ty { $($field:ident),+ $(,)? }) => {
        impl Exact for $type {
            fn to_json(&self) -> serde_json::Value {
                let Self { $($field),+ } = self;
                $crate::found::exact::object([$((stringify!($field), $field.to_json())),+])
            }
            fn from_json(value: &serde_json::Value) -> Option<Self> {
                Some(Self { $($field: $crate::found::exact::member(value, stringify!($field))?),+ })
            }
        }
    };
}
pub(crate) use exact;
