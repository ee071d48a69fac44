//! Which flags the help of each command shows.

use clap::{Arg, Command};

/// Shows each flag of the root in the help of those commands that it matters to, after their own options. Every
/// command accepts all of them, so that one environment and one file serve all commands.
pub(super) fn scope_settings(root: Command) -> Command {
    let flags: Vec<Arg> = root.get_arguments().cloned().collect();
    let root = root.mut_args(|flag| flag.hide(true));
    root.mut_subcommands(|command| {
        let name = command.get_name().to_owned();
        show(command, &name, &flags)
    })
}

/// Adds the flags to `command`, which is `name` or one of its subcommands.
fn show(command: Command, name: &str, flags: &[Arg]) -> Command {
    if command.has_subcommands() {
        return command.mut_subcommands(|subcommand| show(subcommand, name, flags));
    }
    command.args(flags.iter().map(|flag| flag.clone().hide(!matters(name, flag))))
}

fn matters(command: &str, flag: &Arg) -> bool {
    match (command, flag.get_help_heading()) {
        ("account" | "user" | "session", heading) => {
            matches!(heading, None | Some("Storage" | "Log" | "Configuration"))
        }
        ("migrate", heading) => matches!(heading, Some("Storage" | "Log" | "Configuration")),
        ("serve", heading) => heading.is_some(),
        ("config", _) => true,
        _ => false,
    }
}
