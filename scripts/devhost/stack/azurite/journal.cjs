// Loaded before Azurite (node --require): nothing that Azurite has answered is lost by kill -9.
//
// Azurite keeps its metadata in LokiJS, which writes a whole database to disk every five seconds.
// Here every change is also appended to a journal beside the database at once. A save begins a
// new journal; a start applies to the saved database what was journalled after it.
"use strict";

const fs = require("node:fs");
const { createRequire } = require("node:module");
const Loki = createRequire(process.argv[1])("lokijs");

const journals = new WeakMap(); // database -> file descriptor of its journal
const applying = new WeakSet(); // databases whose changes come from the journal or from disk

const isPersistent = (db) => db.persistenceMethod === "fs";
const current = (db) => `${db.filename}.journal`;
const previous = (db) => `${db.filename}.journal.old`;

function append(db, record) {
  if (!isPersistent(db) || applying.has(db)) return;
  if (!journals.has(db)) journals.set(db, fs.openSync(current(db), "a"));
  fs.writeSync(journals.get(db), JSON.stringify(record) + "\n");
}

// What is serialised now holds all that the journal says; it is kept until that is on disk.
function rotate(db) {
  if (journals.has(db)) fs.closeSync(journals.get(db));
  journals.delete(db);
  if (!fs.existsSync(current(db))) return;
  if (fs.existsSync(previous(db))) {
    fs.appendFileSync(previous(db), fs.readFileSync(current(db)));
    fs.unlinkSync(current(db));
  } else {
    fs.renameSync(current(db), previous(db));
  }
}

function records(file) {
  if (!fs.existsSync(file)) return [];
  const lines = fs.readFileSync(file, "utf8").split("\n");
  const torn = lines.pop(); // a line without an end was never answered
  if (torn) fs.truncateSync(file, fs.statSync(file).size - Buffer.byteLength(torn));
  return lines.map((line) => JSON.parse(line));
}

function replay(db) {
  const documents = new Map(); // collection name -> documents by id
  for (const { name, options, removed, put, gone } of [previous, current].flatMap((file) => records(file(db)))) {
    if (removed) {
      db.removeCollection(name);
      documents.delete(name);
      continue;
    }
    const collection = db.getCollection(name) ?? db.addCollection(name, options);
    if (!documents.has(name)) {
      documents.set(name, new Map(collection.data.map((document) => [document.$loki, document])));
    }
    if (put) documents.get(name).set(put.$loki, put);
    if (gone) documents.get(name).delete(gone);
  }
  for (const [name, byId] of documents) {
    const collection = db.getCollection(name);
    collection.data = [...byId.values()].sort((one, other) => one.$loki - other.$loki);
    collection.maxId = collection.data.reduce((most, { $loki }) => Math.max(most, $loki), collection.maxId);
    collection.ensureId();
    collection.ensureAllIndexes(true);
    collection.dirty = true;
  }
}

const { addCollection, removeCollection, loadDatabaseInternal, saveDatabaseInternal } = Loki.prototype;

Loki.prototype.addCollection = function (name, options) {
  const collection = addCollection.call(this, name, options);
  const put = (changed) => [changed].flat().forEach((document) => append(this, { name, put: document }));
  append(this, { name, options });
  collection.on("insert", put);
  collection.on("update", put);
  collection.on("delete", (document) => append(this, { name, gone: document.$loki }));
  return collection;
};

Loki.prototype.removeCollection = function (name) {
  append(this, { name, removed: true });
  return removeCollection.call(this, name);
};

Loki.prototype.loadDatabaseInternal = function (options, callback) {
  applying.add(this);
  loadDatabaseInternal.call(this, options, (error) => {
    if (!error && isPersistent(this)) replay(this);
    applying.delete(this);
    callback(error);
  });
};

Loki.prototype.saveDatabaseInternal = function (callback) {
  if (isPersistent(this)) rotate(this);
  saveDatabaseInternal.call(this, (error) => {
    if (!error) fs.rmSync(previous(this), { force: true });
    callback?.(error);
  });
};
