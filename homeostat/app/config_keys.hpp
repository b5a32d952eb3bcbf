#pragma once

// Every key of a configuration file, once: its name, what it is for, the kind of its value, and
// where the value goes. Reading, writing and the schema for editors all walk this table, so that
// none of them can know a key that the others do not.
//
// The structs have the shape of the file; config_convert.cpp makes a Config of them, and
// config_check.cpp looks at what no single key can tell. Defaults stand in Config's own structs,
// with their reasons.
//
// Pure. Values only.

#include "homeostat/app/config_approval_keys.hpp"
#include "homeostat/app/config_autonomy_keys.hpp"
#include "homeostat/app/config_block_keys.hpp"
#include "homeostat/app/config_cache_keys.hpp"
#include "homeostat/app/config_changes_keys.hpp"
#include "homeostat/app/config_edge_keys.hpp"
#include "homeostat/app/config_flag_keys.hpp"
#include "homeostat/app/config_kinds.hpp"
#include "homeostat/app/config_limit_keys.hpp"
#include "homeostat/app/config_mesh_keys.hpp"
#include "homeostat/app/config_metrics_keys.hpp"
#include "homeostat/app/config_model_keys.hpp"
#include "homeostat/app/config_people_keys.hpp"
#include "homeostat/app/config_record_keys.hpp"
#include "homeostat/app/config_roles_keys.hpp"
#include "homeostat/app/config_task_keys.hpp"
#include "homeostat/app/config_values.hpp"
#include "homeostat/app/config_world_keys.hpp"
#include "homeostat/domain/choice.hpp"
#include "homeostat/domain/diagnosis.hpp"
#include "homeostat/domain/ids.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::app {

/// The whole file.
struct ConfigFile {
    ServiceId service;
    RuntimeSection runtime;
    std::optional<FlagsSection> flags;
    SignalsSection signals;
    std::optional<JourneySection> journey;
    std::optional<EdgeSection> edge;
    std::vector<NeighbourSection> neighbours;
    std::vector<CacheSection> caches;
    std::vector<TaskSection> tasks;
    std::optional<MeshSection> mesh;
    std::optional<BlockSourcesSection> block_sources;
    ChangesSection changes;
    std::vector<std::string> notes;
    std::filesystem::path glosses;
    GoalsSection goals;
    std::optional<ModelSection> model;
    GuardSection guard;
    AutonomySection autonomy;
    std::optional<ApprovalsSection> approvals;
    RecordSection record;
    ControlSection control;
    std::optional<MetricsSection> metrics;
    std::optional<RolesSection> roles;
    std::optional<ConsoleSection> console;
    std::vector<NotifySection> notify;
    OracleMode oracle{OracleMode::both};

    static void keys(auto& self, auto&& key) {
        // Room for "-63" behind it: an instance's name is a plain name too.
        key(Key{"service", "The guarded service's name", Need::required},
            IdValue<ServiceTag>{NameValue{.bytes_max = name_bytes_max - 4}}, self.service);
        key(Key{"runtime", "What runs the instances", Need::required}, SectionKind{}, self.runtime);
        key(Key{"flags", "Feature flags that can be taken back, docs/flags.md"}, SectionKind{},
            self.flags);
        key(Key{"signals", "What is looked at"}, OneKeyItemsKind{}, self.signals);
        key(Key{"journey", "Our own requests through the edge"}, SectionKind{}, self.journey);
        key(Key{"edge", "What spreads the users' requests"}, SectionKind{}, self.edge);
        key(Key{"neighbours", "Services that this one depends on"}, SectionsKind{32},
            self.neighbours);
        key(Key{"caches", "Caches that this one reads through"}, SectionsKind{8}, self.caches);
        key(Key{"tasks", "Remedies of your own, docs/tasks.md"}, SectionsKind{tasks_max},
            self.tasks);
        key(Key{"mesh", "What this service and its neighbours agree on"}, SectionKind{}, self.mesh);
        key(Key{"block_sources", "Lists of suspicious sources of requests, docs/block_sources.md"},
            SectionKind{}, self.block_sources);
        key(Key{"changes", "Where deploys and the like are told"}, OneKeyItemsKind{}, self.changes);
        key(Key{"notes", "Your own words, trusted: the model reads them before the evidence"},
            ListOf<TextValue>{TextValue{.bytes_max = note_bytes_max}, notes_max}, self.notes);
        key(Key{"glosses", "A file with your own words for log lines, see docs/glosses.md"},
            PathValue{}, self.glosses);
        key(Key{"goals", "What users are promised"}, SectionKind{}, self.goals);
        key(Key{"model", "The local language model"}, SectionKind{}, self.model);
        key(Key{"guard", "Limits on what is done"}, SectionKind{}, self.guard);
        key(Key{"autonomy", "How far each remedy may go alone; watch without it"}, SectionKind{},
            self.autonomy);
        key(Key{"approvals", "Who has to sign a yes, docs/approvals.md"}, SectionKind{},
            self.approvals);
        key(Key{"record", "Where everything is written down"}, SectionKind{}, self.record);
        key(Key{"control", "How people talk to the agent"}, SectionKind{}, self.control);
        key(Key{"metrics", "How a Prometheus or a kubelet reads it, docs/metrics.md"},
            SectionKind{}, self.metrics);
        key(Key{"roles", "How the two roles speak where they are two processes, docs/roles.md"},
            SectionKind{}, self.roles);
        key(Key{"console", "The page where people answer questions by a link, docs/people.md"},
            SectionKind{}, self.console);
        key(Key{"notify", "How people are told, docs/people.md"}, SectionsKind{channels_max},
            self.notify);
        key(Key{"oracle", "Whose opinion ranks the remedies"}, EnumValue<OracleMode>{},
            self.oracle);
    }
};

}  // namespace homeostat::app
