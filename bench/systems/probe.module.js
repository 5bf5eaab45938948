// @ts-check
import { Controller, Get, Module } from '@nestjs/common';
import { CONSTANT } from './constant.js';

class ProbeController {
  get() {
    return CONSTANT;
  }
}
Controller('probe')(ProbeController);
Get()(
  ProbeController.prototype,
  'get',
  /** @type {PropertyDescriptor} */ (Object.getOwnPropertyDescriptor(ProbeController.prototype, 'get')),
);

/** A module as a user of Gatehouse would add one: nothing here says that its route is guarded. */
export class ProbeModule {}
Module({ controllers: [ProbeController] })(ProbeModule);
