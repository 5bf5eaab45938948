import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { FilmsPage, FilmsQuery } from './films.dto.js';
import { FilmsService } from './films.service.js';

/** The worked example of a module of your own: nothing here but a route, and it is guarded. */
@ApiTags('films')
@Controller('api/films')
export class FilmsController {
  constructor(private readonly films: FilmsService) {}

  @Get()
  @ApiBearerAuth()
  @ApiOperation({ operationId: 'listFilms', summary: 'Films, a page at a time' })
  @ApiOkResponse({ type: FilmsPage })
  list(@Query() query: FilmsQuery): Promise<FilmsPage> {
    return this.films.page(query);
  }
}
