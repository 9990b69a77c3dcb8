#include "ui/cli/completion.h"

#include "core/options.h"
#include "ui/cli/arguments.h"

namespace logboom::ui::cli {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

std::string command_list() {
  std::vector<std::string> names;
  for (const auto& command : commands()) names.push_back(command.name);
  return joined(names);
}

// zsh runs bash's script through its own bashcompinit.
std::string bash_script() {
  std::string out = R"sh(# bash completion for logs
_logs() {
  local word="${COMP_WORDS[COMP_CWORD]}" command="${COMP_WORDS[1]}" choices=""
  case "${COMP_WORDS[COMP_CWORD-1]}" in
    --file|--baseline)
      compopt -o filenames 2>/dev/null
      COMPREPLY=($(compgen -f -- "$word"))
      return ;;
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then
    choices=")sh" + command_list() +
                    R"sh("
  else
    case "$command" in
)sh";
  for (const auto& command : commands()) {
    out += "      " + command.name + ") choices=\"" + joined(command.flags) + "\" ;;\n";
  }
  out += R"sh(    esac
    case "$command:$word" in
      *:-*) ;;
      why:*|runs:*|usage:*|ping:*|tail:*|show:*|search:*) choices="$(logs __jobs 2>/dev/null)" ;;
      completion:*) choices="bash zsh fish" ;;
      help:*) choices=")sh" +
         command_list() +
         R"sh(" ;;
    esac
  fi
  local IFS=$' \t\n'
  COMPREPLY=($(compgen -W "$choices" -- "$word"))
}
complete -F _logs logs
)sh";
  return out;
}

std::string fish_script() {
  std::string out = "# fish completion for logs\ncomplete -c logs -f\n";
  for (const auto& command : commands()) {
    out += "complete -c logs -n __fish_use_subcommand -a " + command.name + " -d '" +
           command.purpose + "'\n";
    for (const auto& flag : command.flags) {
      out += "complete -c logs -n '__fish_seen_subcommand_from " + command.name + "' -l " +
             flag.substr(2) + "\n";
    }
  }
  return out +
         "complete -c logs -n '__fish_seen_subcommand_from why runs usage ping tail show search' "
         "-a '(logs __jobs 2>/dev/null)'\n"
         "complete -c logs -n '__fish_seen_subcommand_from why' -l file -r -F\n"
         "complete -c logs -n '__fish_seen_subcommand_from why' -l baseline -r -F\n"
         "complete -c logs -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'\n";
}

}  // namespace

Result<std::string> completion_script(std::string_view shell) {
  if (shell == "bash") return bash_script();
  if (shell == "zsh") {
    return "#compdef logs\nautoload -U +X bashcompinit && bashcompinit\n" + bash_script();
  }
  if (shell == "fish") return fish_script();
  const auto near = nearest(shell, {"bash", "zsh", "fish"});
  return fail(Errc::invalid,
              "unknown shell '" + std::string(shell) + "'" +
                  (near.empty() ? "; one of bash, zsh, fish" : "; did you mean '" + near + "'?"));
}

}  // namespace logboom::ui::cli
