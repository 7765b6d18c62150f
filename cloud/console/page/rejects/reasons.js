// Reasons of rejects in words, and what to do about each (pure).

export const REASONS = {
  not_authorized: {
    says: "the client had no right to publish on the topic",
    next: "Give the device the right to this topic, then replay.",
  },
  not_json: {
    says: "the payload is no JSON object",
    next: "Correct the device, or map its topic with another payload type.",
  },
  undecodable: {
    says: "the payload is not what its content type says",
    next: "Correct the content type that the device sends.",
  },
  unmapped_topic: {
    says: "no mapping has the topic",
    next: "Add the topic to the mapping table, restart the gateways, then replay.",
  },
  unmappable: {
    says: "a mapping has the topic, and the payload does not fit it",
    next: "Change the mapping entry, restart the gateways, then replay.",
  },
  unknown_contract: {
    says: "no contract has that name or version",
    next: "Publish the contract, then replay.",
  },
  contract_violation: {
    says: "the payload breaks its contract",
    next: "Correct the device, or publish a version of the contract that allows it, then replay.",
  },
  too_large: {
    says: "an id, an array or a reading is longer than allowed",
    next: "Let the device send less at once.",
  },
  clock_ahead: { says: "its time is more than 5 minutes ahead", next: "Set the device's clock." },
  clock_behind: {
    says: "its time is older than the contract allows",
    next: "Set the device's clock, or publish a version of the contract with a longer x-age-max.",
  },
  too_many_series: {
    says: "the device named too many tag sets",
    next: "Let the device send fewer values of its tags.",
  },
  identity_conflict: {
    says: "another reading had the same sequence",
    next: "Let the device count without repeating itself.",
  },
  unwritable: {
    says: "InfluxDB refuses it",
    next: "See the detail: often a field had another type before.",
  },
};

export const saysOf = (reason) => REASONS[reason]?.says ?? reason;
