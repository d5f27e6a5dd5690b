//! What a model sees of the tools.

use opencode_sessions::ErrorCode;
use opencode_sessions::conversation::tools::{BUILT_IN, Tool};
use serde_json::json;

#[test]
fn the_parameters_are_those_that_opencode_uses() {
    let expected = [
        ("read", json!(["filePath", "offset", "limit"]), json!(["filePath"])),
        ("write", json!(["filePath", "content"]), json!(["filePath", "content"])),
        (
            "edit",
            json!(["filePath", "oldString", "newString", "replaceAll"]),
            json!(["filePath", "oldString", "newString"]),
        ),
        ("bash", json!(["command", "timeout", "description", "workdir"]), json!(["command"])),
        ("grep", json!(["pattern", "path", "include"]), json!(["pattern"])),
        ("glob", json!(["pattern", "path"]), json!(["pattern"])),
    ];
    assert_eq!(expected.each_ref().map(|(name, ..)| *name), BUILT_IN);
    for (name, properties, required) in expected {
        let tool = Tool::built_in(name).unwrap();
        let spec = tool.spec();
        assert_eq!(spec.name, name);
        assert!(!spec.description.contains("  "), "{name}");
        let shown = spec.parameters["properties"].as_object().unwrap();
        let names: Vec<&String> = shown.keys().collect();
        assert_eq!(json!(names), properties, "{name}");
        assert!(shown.values().all(|property| property["description"].is_string()), "{name}");
        assert_eq!(spec.parameters["required"], required, "{name}");
        assert_eq!(spec.parameters["type"], "object", "{name}");
    }
}

#[test]
fn wrong_parameters_are_named() {
    for (name, params, why) in [
        ("read", json!({}), "filePath"),
        ("read", json!({"filePath": 1}), "/filePath"),
        ("read", json!({"filePath": "a", "limit": 0}), "/limit"),
        ("read", json!({"filePath": "a", "offset": -1}), "/offset"),
        ("bash", json!({"command": "true", "timeout": 600_001}), "/timeout"),
        ("edit", json!({"filePath": "a", "oldString": "b"}), "newString"),
    ] {
        let error = Tool::built_in(name).unwrap().check(&params).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn a_name_that_is_none_lists_those_there_are() {
    let error = Tool::built_in("Read").unwrap_err();
    assert_eq!(error.code(), ErrorCode::InvalidArgument);
    assert!(error.to_string().contains("Read"));
    assert!(error.hint().contains("read, write, edit, bash, grep, glob"));
}

#[test]
fn groups_stand_for_several_tools() {
    let names = |group: &str| -> Vec<String> {
        let tools = Tool::built_in_group(group).unwrap();
        tools.iter().map(|tool| tool.name().to_owned()).collect()
    };
    assert_eq!(names("file"), ["read", "write", "edit"]);
    assert_eq!(names("shell"), ["bash"]);
    assert_eq!(names("grep"), ["grep"]);
    assert!(Tool::built_in_group("files").is_err());
}
