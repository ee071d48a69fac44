//! JSON, parsed by the browser: it has a parser, so the page need not bring one.

use std::fmt;

use js_sys::{Array, JSON, Object, Reflect};
use serde::{
    Deserializer,
    de::{
        DeserializeOwned, DeserializeSeed, EnumAccess, Error, Expected, IntoDeserializer, SeqAccess,
        Unexpected, VariantAccess, Visitor,
        value::{MapDeserializer, StringDeserializer},
    },
    forward_to_deserialize_any,
};
use wasm_bindgen::{JsCast, JsValue};

/// What `text` says; `None` if it is no JSON, or not of this type.
///
/// Fields are read by the order of the type, not of the text. One that is absent is `None` or an empty
/// list; any other has to be there, whatever default it has.
#[must_use]
pub fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
    T::deserialize(Json(JSON::parse(text).ok()?)).ok()
}

/// Something is not of the type that it should be. Nobody asks what: so no words for it are compiled.
#[derive(Debug)]
struct Mismatch;

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not of this type")
    }
}

impl std::error::Error for Mismatch {}

// Each way to say it is named: by default they put it into words, floats and escapes included, and that
// alone takes five kilobytes.
impl Error for Mismatch {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }

    fn invalid_type(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self
    }

    fn invalid_value(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self
    }

    fn invalid_length(_: usize, _: &dyn Expected) -> Self {
        Self
    }

    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }

    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }

    fn missing_field(_: &'static str) -> Self {
        Self
    }

    fn duplicate_field(_: &'static str) -> Self {
        Self
    }
}

struct Json(JsValue);

impl Json {
    fn array(&self) -> Result<Array, Mismatch> {
        if self.0.is_undefined() {
            return Ok(Array::new());
        }
        self.0.dyn_ref::<Array>().cloned().ok_or(Mismatch)
    }

    /// The values of `names`.
    fn fields(&self, names: &'static [&'static str]) -> Result<Items, Mismatch> {
        if !self.0.is_object() || Array::is_array(&self.0) {
            return Err(Mismatch);
        }
        let value = |name: &&str| Reflect::get(&self.0, &JsValue::from_str(name)).unwrap_or_default();
        Ok(Items(names.iter().map(value).collect(), 0))
    }
}

impl IntoDeserializer<'_, Mismatch> for Json {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Json {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        if self.0.is_null() || self.0.is_undefined() {
            visitor.visit_unit()
        } else if self.0.as_bool().is_some() {
            self.deserialize_bool(visitor)
        } else if self.0.as_f64().is_some() {
            self.deserialize_i64(visitor)
        } else if self.0.is_string() {
            self.deserialize_str(visitor)
        } else if Array::is_array(&self.0) {
            self.deserialize_seq(visitor)
        } else {
            self.deserialize_map(visitor)
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_bool(self.0.as_bool().ok_or(Mismatch)?)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        let number = self.0.as_f64().filter(|number| number.fract().abs() < f64::EPSILON).ok_or(Mismatch)?;
        #[expect(clippy::cast_possible_truncation, reason = "it is whole, and `as` saturates")]
        visitor.visit_i64(number as i64)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_string(self.0.as_string().ok_or(Mismatch)?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        if self.0.is_null() || self.0.is_undefined() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_seq(Items(self.array()?, 0))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        let entries = Object::entries(self.0.dyn_ref().ok_or(Mismatch)?);
        visitor.visit_map(MapDeserializer::new(entries.iter().map(|entry| {
            let entry: Array = entry.unchecked_into();
            (entry.get(0).as_string().unwrap_or_default(), Self(entry.get(1)))
        })))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_seq(self.fields(names)?)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        if let Some(name) = self.0.as_string() {
            return visitor.visit_enum(Variant { name, content: Self(JsValue::UNDEFINED) });
        }
        let entry: Array = Object::entries(self.0.dyn_ref().ok_or(Mismatch)?).get(0).unchecked_into();
        let name = entry.get(0).as_string().ok_or(Mismatch)?;
        visitor.visit_enum(Variant { name, content: Self(entry.get(1)) })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_unit()
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_str(visitor)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct
    }
}

/// The items of an array, from a place on.
struct Items(Array, u32);

impl<'de> SeqAccess<'de> for Items {
    type Error = Mismatch;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Mismatch> {
        if self.1 >= self.0.length() {
            return Ok(None);
        }
        let item = Json(self.0.get(self.1));
        self.1 += 1;
        seed.deserialize(item).map(Some)
    }
}

struct Variant {
    name: String,
    content: Json,
}

impl<'de> EnumAccess<'de> for Variant {
    type Error = Mismatch;
    type Variant = Json;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Json), Mismatch> {
        let name: StringDeserializer<Mismatch> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self.content))
    }
}

impl<'de> VariantAccess<'de> for Json {
    type Error = Mismatch;

    fn unit_variant(self) -> Result<(), Mismatch> {
        if self.0.is_undefined() { Ok(()) } else { Err(Mismatch) }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Mismatch> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_seq(self.fields(names)?)
    }
}

#[cfg(test)]
#[cfg(target_arch = "wasm32")]
mod tests {
    use serde::Deserialize;
    use serde_json::{Value, json};
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::read;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Thing {
        count: u16,
        shift: i64,
        #[serde(rename = "type")]
        kind: Option<Kind>,
        #[serde(default)]
        list: Vec<bool>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    enum Kind {
        Plain,
        Named(String),
        Sized { size: u64 },
    }

    #[test]
    fn a_type_is_read_whatever_the_order_of_the_text_and_what_else_it_says() {
        let text = r#"{"more":{"x":[1]},"type":{"Sized":{"size":9007199254740991}},"shift":-5,"list":[true,false],"count":3}"#;
        let kind = Some(Kind::Sized { size: 9_007_199_254_740_991 });
        assert_eq!(read(text), Some(Thing { count: 3, shift: -5, kind, list: vec![true, false] }));
        let bare = Thing { count: 1, shift: 2, kind: None, list: vec![] };
        assert_eq!(read(r#"{"count":1,"shift":2}"#).as_ref(), Some(&bare));
        assert_eq!(read(r#"{"count":1,"shift":2,"type":null}"#), Some(bare));
        assert_eq!(read(r#"["Plain",{"Named":"n"}]"#), Some(vec![Kind::Plain, Kind::Named("n".into())]));
        let text = r#"{"a":[1,-2,null,true,"s"],"b":{}}"#;
        assert_eq!(read::<Value>(text), Some(json!({ "a": [1, -2, null, true, "s"], "b": {} })));
    }

    #[test]
    fn what_is_not_of_the_type_is_refused() {
        for text in [
            "",
            "<html>",
            "null",
            "{}",
            "[]",
            "[1,2,null,[]]",
            r#"{"count":1}"#,
            r#"{"count":-1,"shift":2}"#,
            r#"{"count":65536,"shift":2}"#,
            r#"{"count":1.5,"shift":2}"#,
            r#"{"count":"1","shift":2}"#,
            r#"{"count":1,"shift":2,"type":"Other"}"#,
            r#"{"count":1,"shift":2,"type":"Named"}"#,
            r#"{"count":1,"shift":2,"list":[1]}"#,
            r#"{"count":1,"shift":2,"list":{}}"#,
        ] {
            assert_eq!(read::<Thing>(text), None, "{text}");
        }
    }
}
