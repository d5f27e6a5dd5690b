//! Plain data, from Python and to it: `None`, `bool`, `int`, `float`, `str`, lists and dicts.
//!
//! What JSON cannot hold exactly is refused with the place it stands at, never bent into shape.

use std::fmt::Write as _;

use opencode_sessions::model::Map;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{
    PyBool, PyDict, PyFloat, PyInt, PyList, PyMapping, PySequence, PyString, PyTuple,
};
use serde_json::{Number, Value};

use crate::errors::{invalid, invalid_with_hint};

/// Deepest nesting of what is taken over: that of a whole file. The core has the limits of values.
const MAX_DEPTH: usize = 128;

/// Python's data as JSON. `what` names it in errors: `metadata['a'][0]`.
pub(crate) fn read(value: &Bound<'_, PyAny>, what: &str) -> PyResult<Value> {
    Reader { what, place: Vec::new() }.value(value)
}

/// The same for what must be a dict (or another mapping).
pub(crate) fn read_map(value: &Bound<'_, PyAny>, what: &str) -> PyResult<Map> {
    match read(value, what)? {
        Value::Object(map) => Ok(map),
        _ => Err(invalid(format!("{what} is a dict with strings as keys, not {}", kind(value)))),
    }
}

/// The same for what must be a list (or another sequence).
pub(crate) fn read_list(value: &Bound<'_, PyAny>, what: &str) -> PyResult<Vec<Value>> {
    match read(value, what)? {
        Value::Array(items) => Ok(items),
        _ => Err(invalid(format!("{what} is a list, not {}", kind(value)))),
    }
}

fn kind(value: &Bound<'_, PyAny>) -> String {
    value.get_type().name().map_or_else(|_| "something else".to_owned(), |name| name.to_string())
}

enum Step {
    Key(String),
    Index(usize),
}

struct Reader<'a> {
    what: &'a str,
    place: Vec<Step>,
}

impl Reader<'_> {
    fn value(&mut self, value: &Bound<'_, PyAny>) -> PyResult<Value> {
        if value.is_none() {
            Ok(Value::Null)
        } else if let Ok(text) = value.cast::<PyString>() {
            self.text(text).map(Value::String)
        } else if let Ok(flag) = value.cast::<PyBool>() {
            Ok(Value::Bool(flag.is_true()))
        } else if value.is_instance_of::<PyInt>() {
            self.integer(value)
        } else if let Ok(number) = value.cast::<PyFloat>() {
            Number::from_f64(number.value())
                .map(Value::Number)
                .ok_or_else(|| self.refused(&format!("is {}", number.value())))
        } else if let Ok(map) = value.cast::<PyDict>() {
            self.deeper()?;
            let mut object = Map::with_capacity(map.len());
            // A copy, because code that a value runs when it is read may change the dict.
            for pair in map.items() {
                let (key, item) = pair.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>()?;
                self.entry(&mut object, &key, &item)?;
            }
            Ok(Value::Object(object))
        } else if let Ok(list) = value.cast::<PyList>() {
            self.items(list.iter())
        } else if let Ok(tuple) = value.cast::<PyTuple>() {
            self.items(tuple.iter())
        } else if let Ok(map) = value.cast::<PyMapping>() {
            self.deeper()?;
            let mut object = Map::new();
            for pair in map.items()? {
                let (key, item) = pair.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>()?;
                self.entry(&mut object, &key, &item)?;
            }
            Ok(Value::Object(object))
        } else if value.cast::<PySequence>().is_ok() && !is_bytes(value) {
            let items = value.try_iter()?.collect::<PyResult<Vec<_>>>()?;
            self.items(items.into_iter())
        } else {
            Err(self.refused(&format!("is of type {}", kind(value))))
        }
    }

    fn integer(&self, value: &Bound<'_, PyAny>) -> PyResult<Value> {
        if let Ok(number) = value.extract::<i64>() {
            return Ok(number.into());
        }
        match value.extract::<u64>() {
            Ok(number) => Ok(number.into()),
            Err(_) => Err(self.refused("is an integer of more than 64 bits")),
        }
    }

    fn text(&self, text: &Bound<'_, PyString>) -> PyResult<String> {
        match text.to_str() {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(self.refused("holds a lone surrogate, which is no character")),
        }
    }

    fn items<'py>(
        &mut self,
        items: impl ExactSizeIterator<Item = Bound<'py, PyAny>>,
    ) -> PyResult<Value> {
        self.deeper()?;
        let mut values = Vec::with_capacity(items.len());
        for (at, item) in items.enumerate() {
            self.place.push(Step::Index(at));
            values.push(self.value(&item)?);
            self.place.pop();
        }
        Ok(Value::Array(values))
    }

    fn entry(
        &mut self,
        object: &mut Map,
        key: &Bound<'_, PyAny>,
        item: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let Ok(text) = key.cast::<PyString>() else {
            return Err(self.refused(&format!(
                "has the key {} of type {}",
                key.repr().map_or_else(|_| "?".to_owned(), |shown| shown.to_string()),
                kind(key)
            )));
        };
        let key = self.text(text)?;
        self.place.push(Step::Key(key.clone()));
        let value = self.value(item)?;
        self.place.pop();
        object.insert(key, value);
        Ok(())
    }

    fn deeper(&self) -> PyResult<()> {
        if self.place.len() < MAX_DEPTH {
            return Ok(());
        }
        let reason = format!("is nested deeper than {MAX_DEPTH} levels, or contains itself");
        Err(invalid(format!("{} {reason}", self.what)))
    }

    fn refused(&self, why: &str) -> PyErr {
        let mut place = self.what.to_owned();
        for step in &self.place {
            // Writing to a string does not fail.
            let _ = match step {
                Step::Key(key) => write!(place, "['{}']", key.escape_debug()),
                Step::Index(at) => write!(place, "[{at}]"),
            };
        }
        invalid_with_hint(
            format!("{place} {why}"),
            "what can be stored is None, bool, int of 64 bits, finite float, str, list, and dict \
             with strings as keys",
        )
    }
}

fn is_bytes(value: &Bound<'_, PyAny>) -> bool {
    value.is_instance_of::<pyo3::types::PyBytes>()
        || value.is_instance_of::<pyo3::types::PyByteArray>()
        || value.get_type().name().is_ok_and(|name| name == "memoryview")
}

/// JSON as Python's own mutable data.
pub(crate) fn plain<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    write(py, value, &Form::Plain)
}

/// JSON as data that cannot be changed: what a session gives of its inside.
pub(crate) fn frozen<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    static CLASSES: PyOnceLock<(Py<PyAny>, Py<PyAny>)> = PyOnceLock::new();
    let (dict, list) = CLASSES.get_or_try_init(py, || {
        let module = py.import("opencode.sessions._frozen")?;
        let class = |name| Ok::<_, PyErr>(module.getattr(name)?.unbind());
        Ok::<_, PyErr>((class("FrozenDict")?, class("FrozenList")?))
    })?;
    write(py, value, &Form::Frozen { dict: dict.bind(py), list: list.bind(py) })
}

/// The frozen form of an optional list.
pub(crate) fn frozen_list<'py>(
    py: Python<'py>,
    items: Option<&Vec<Value>>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    items.map(|items| frozen(py, &Value::Array(items.clone()))).transpose()
}

/// The frozen form of an optional object.
pub(crate) fn frozen_map<'py>(
    py: Python<'py>,
    map: Option<&Map>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    map.map(|map| frozen(py, &Value::Object(map.clone()))).transpose()
}

enum Form<'a, 'py> {
    Plain,
    Frozen { dict: &'a Bound<'py, PyAny>, list: &'a Bound<'py, PyAny> },
}

fn write<'py>(py: Python<'py>, value: &Value, form: &Form<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(flag) => PyBool::new(py, *flag).to_owned().into_any(),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => number.into_pyobject(py)?.into_any(),
            (None, Some(number)) => number.into_pyobject(py)?.into_any(),
            (None, None) => number.as_f64().unwrap_or_default().into_pyobject(py)?.into_any(),
        },
        Value::String(text) => PyString::new(py, text).into_any(),
        Value::Array(items) => {
            let list = PyList::empty(py);
            for item in items {
                list.append(write(py, item, form)?)?;
            }
            match form {
                Form::Plain => list.into_any(),
                Form::Frozen { list: class, .. } => class.call1((list,))?,
            }
        }
        Value::Object(map) => {
            let dict = PyDict::new(py);
            for (key, item) in map {
                dict.set_item(key, write(py, item, form)?)?;
            }
            match form {
                Form::Plain => dict.into_any(),
                Form::Frozen { dict: class, .. } => class.call1((dict,))?,
            }
        }
    })
}
