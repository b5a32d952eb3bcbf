// What the headers of these nouns say is compiled elsewhere: their codecs, and with them those of
// all that they hold. Each of them in every source that reads a record took a third of a build.

#include "homeostat/domain/choice.hpp"
#include "homeostat/domain/diagnosis.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/domain/facts.hpp"
#include "homeostat/domain/grounds.hpp"
#include "homeostat/domain/menu.hpp"
#include "homeostat/domain/remedy.hpp"
#include "homeostat/domain/step.hpp"
#include "homeostat/domain/symptom.hpp"
#include "homeostat/domain/verdict.hpp"

namespace homeostat::fields_detail {

template struct Codec<Choice>;
template struct Codec<Diagnosis>;
template struct Codec<Facts>;
template struct Codec<Grounds>;
template struct Codec<InstanceFacts>;
template struct Codec<IntentBody>;
template struct Codec<Menu>;
template struct Codec<Remedy>;
template struct Codec<Step>;
template struct Codec<Symptom>;
template struct Codec<Verdict>;
template struct Codec<VerdictBody>;

}  // namespace homeostat::fields_detail
